"""the registry, scans, cases and people"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("table_name", sa.String(length=20), nullable=False),
        sa.Column("row_key", sa.String(length=120), nullable=False),
        sa.Column("before", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("after", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
    )
    op.create_index("ix_change_table_key", "change", ["table_name", "row_key"], unique=False)
    op.create_table(
        "code_history",
        sa.Column("serial", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(length=96), nullable=False),
        sa.Column("tail", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_code_history")),
    )
    op.create_table(
        "code_void",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_serial", sa.BigInteger(), nullable=False),
        sa.Column("last_serial", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_void")),
    )
    op.create_index(op.f("ix_code_void_first_serial"), "code_void", ["first_serial"], unique=False)
    op.create_table(
        "packing",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_gln", sa.String(length=13), nullable=False),
        sa.Column("parent", sa.String(length=40), nullable=False),
        sa.Column("level", sa.String(length=6), nullable=False),
        sa.Column("child_first", sa.String(length=40), nullable=False),
        sa.Column("child_last", sa.String(length=40), nullable=False),
        sa.Column("first_serial", sa.BigInteger(), nullable=True),
        sa.Column("last_serial", sa.BigInteger(), nullable=True),
        sa.Column("line", sa.String(length=40), nullable=True),
        sa.Column("packed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packing")),
    )
    op.create_index(op.f("ix_packing_child_first"), "packing", ["child_first"], unique=False)
    op.create_index(op.f("ix_packing_first_serial"), "packing", ["first_serial"], unique=False)
    op.create_index("ix_packing_owner_parent", "packing", ["owner_gln", "parent"], unique=False)
    op.create_table(
        "rollup",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("adcode", sa.Integer(), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("visitor", sa.String(length=8), nullable=False),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "adcode", "gtin", "batch_id", "visitor", name=op.f("pk_rollup")),
    )
    op.create_index("ix_rollup_gtin_hour", "rollup", ["gtin", "hour"], unique=False)
    op.create_table(
        "scan",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scan_id", sa.String(length=32), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("device", sa.BigInteger(), nullable=False),
        sa.Column("network", sa.String(length=50), nullable=False),
        sa.Column("adcode", sa.Integer(), nullable=False),
        sa.Column("place_source", sa.String(length=8), nullable=False),
        sa.Column("radius_km", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(length=16), nullable=False),
        sa.Column("wifi", sa.Boolean(), nullable=False),
        sa.Column("hosting", sa.Boolean(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.PrimaryKeyConstraint("at", "scan_id", name=op.f("pk_scan")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_scan_batch_at", "scan", ["batch_id", "at"], unique=False)
    op.create_index("ix_scan_serial_at", "scan", ["serial", "at"], unique=False)
    op.create_table(
        "site",
        sa.Column("gln", sa.String(length=13), nullable=False),
        sa.Column("owner_gln", sa.String(length=13), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("adcode", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("uscc", sa.String(length=18), nullable=True),
        sa.Column("sc_licence", sa.String(length=16), nullable=True),
        sa.Column("salt_certificate", sa.String(length=40), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("gln", name=op.f("pk_site")),
    )
    op.create_index(op.f("ix_site_adcode"), "site", ["adcode"], unique=False)
    op.create_index(op.f("ix_site_owner_gln"), "site", ["owner_gln"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("enterprise_gln", sa.String(length=13), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("idempotency_key", sa.String(length=128), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("errors", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("enterprise_gln", "idempotency_key", name=op.f("uq_upload_enterprise_gln_idempotency_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_upload_public_id")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("brand", sa.String(length=80), nullable=True),
        sa.Column("province", sa.Integer(), nullable=True),
        sa.Column("enterprise_gln", sa.String(length=13), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
    )
    op.create_table(
        "wrong_code",
        sa.Column("summary_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("adcode", sa.Integer(), nullable=False),
        sa.Column("network", sa.String(length=50), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("near_misses", sa.Integer(), nullable=False),
        sa.Column("example", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("summary_id", name=op.f("pk_wrong_code")),
    )
    op.create_index(op.f("ix_wrong_code_at"), "wrong_code", ["at"], unique=False)
    op.create_table(
        "case",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=4), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("gtin", sa.String(length=14), nullable=True),
        sa.Column("brand", sa.String(length=80), nullable=True),
        sa.Column("area", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closing_reason", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["assignee_id"], ["user.id"], name=op.f("fk_case_assignee_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("public_id", name=op.f("uq_case_public_id")),
    )
    op.create_index(op.f("ix_case_batch_id"), "case", ["batch_id"], unique=False)
    op.create_index(op.f("ix_case_brand"), "case", ["brand"], unique=False)
    op.create_index(op.f("ix_case_opened_at"), "case", ["opened_at"], unique=False)
    op.create_index(op.f("ix_case_serial"), "case", ["serial"], unique=False)
    op.create_index(op.f("ix_case_state"), "case", ["state"], unique=False)
    op.create_index(
        "uq_case_open_subject",
        "case",
        ["subject"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "client",
        sa.Column("client_id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=200), nullable=False),
        sa.Column("enterprise_gln", sa.String(length=13), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_gln"], ["site.gln"], name=op.f("fk_client_enterprise_gln")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client")),
    )
    op.create_index(op.f("ix_client_enterprise_gln"), "client", ["enterprise_gln"], unique=False)
    op.create_table(
        "line_count",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_gln", sa.String(length=13), nullable=False),
        sa.Column("line", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("bags_produced", sa.BigInteger(), nullable=False),
        sa.Column("bags_read", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_gln"], ["site.gln"], name=op.f("fk_line_count_site_gln")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_count")),
        sa.UniqueConstraint("site_gln", "line", "day", name=op.f("uq_line_count_site_gln_line_day")),
    )
    op.create_table(
        "login_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_login_session_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_login_session")),
    )
    op.create_index(op.f("ix_login_session_user_id"), "login_session", ["user_id"], unique=False)
    op.create_table(
        "product",
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("producer_gln", sa.String(length=13), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("brand", sa.String(length=80), nullable=False),
        sa.Column("net_weight_g", sa.Double(), nullable=False),
        sa.Column("salt_source", sa.String(length=8), nullable=False),
        sa.Column("iodised", sa.Boolean(), nullable=False),
        sa.Column("iodine_mg_kg", sa.Double(), nullable=True),
        sa.Column("grade", sa.String(length=40), nullable=True),
        sa.Column("standard", sa.String(length=60), nullable=False),
        sa.Column("shelf_life_months", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["producer_gln"], ["site.gln"], name=op.f("fk_product_producer_gln")),
        sa.PrimaryKeyConstraint("gtin", name=op.f("pk_product")),
    )
    op.create_index(op.f("ix_product_brand"), "product", ["brand"], unique=False)
    op.create_index(op.f("ix_product_producer_gln"), "product", ["producer_gln"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_gln", sa.String(length=13), nullable=False),
        sa.Column("shipment_no", sa.String(length=40), nullable=False),
        sa.Column("at_gln", sa.String(length=13), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["at_gln"], ["site.gln"], name=op.f("fk_receipt_at_gln")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("owner_gln", "shipment_no", "at_gln", name=op.f("uq_receipt_owner_gln_shipment_no_at_gln")),
    )
    op.create_index(op.f("ix_receipt_shipment_no"), "receipt", ["shipment_no"], unique=False)
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=4), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("area", sa.Integer(), nullable=False),
        sa.Column("serials", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("evidence", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_alert_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_at"), "alert", ["at"], unique=False)
    op.create_index(op.f("ix_alert_case_id"), "alert", ["case_id"], unique=False)
    op.create_index(op.f("ix_alert_serial"), "alert", ["serial"], unique=False)
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("lot", sa.String(length=20), nullable=False),
        sa.Column("site_gln", sa.String(length=13), nullable=False),
        sa.Column("line", sa.String(length=40), nullable=True),
        sa.Column("produced_on", sa.Date(), nullable=False),
        sa.Column("best_before", sa.Date(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["gtin"], ["product.gtin"], name=op.f("fk_batch_gtin")),
        sa.ForeignKeyConstraint(["site_gln"], ["site.gln"], name=op.f("fk_batch_site_gln")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("gtin", "lot", name=op.f("uq_batch_gtin_lot")),
    )
    op.create_table(
        "case_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_event_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_event")),
    )
    op.create_index(op.f("ix_case_event_case_id"), "case_event", ["case_id"], unique=False)
    op.create_table(
        "code_block",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_serial", sa.BigInteger(), nullable=False),
        sa.Column("last_serial", sa.BigInteger(), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("lot", sa.String(length=20), nullable=True),
        sa.Column("enterprise_gln", sa.String(length=13), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_serial <= last_serial", name=op.f("ck_code_block_order")),
        sa.ForeignKeyConstraint(["enterprise_gln"], ["site.gln"], name=op.f("fk_code_block_enterprise_gln")),
        sa.ForeignKeyConstraint(["gtin"], ["product.gtin"], name=op.f("fk_code_block_gtin")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_block")),
        sa.UniqueConstraint("first_serial", name=op.f("uq_code_block_first_serial")),
    )
    op.create_index(op.f("ix_code_block_enterprise_gln"), "code_block", ["enterprise_gln"], unique=False)
    op.create_index(op.f("ix_code_block_gtin"), "code_block", ["gtin"], unique=False)
    op.create_table(
        "recall",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("lot", sa.String(length=20), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["gtin"], ["product.gtin"], name=op.f("fk_recall_gtin")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall")),
        sa.UniqueConstraint("public_id", name=op.f("uq_recall_public_id")),
    )
    op.create_index(op.f("ix_recall_gtin"), "recall", ["gtin"], unique=False)
    op.create_table(
        "code_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_serial", sa.BigInteger(), nullable=False),
        sa.Column("last_serial", sa.BigInteger(), nullable=False),
        sa.Column("block_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("first_serial <= last_serial", name=op.f("ck_code_run_order")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_code_run_batch_id")),
        sa.ForeignKeyConstraint(["block_id"], ["code_block.id"], name=op.f("fk_code_run_block_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_run")),
        sa.UniqueConstraint("first_serial", name=op.f("uq_code_run_first_serial")),
    )
    op.create_index(op.f("ix_code_run_batch_id"), "code_run", ["batch_id"], unique=False)
    op.create_index(op.f("ix_code_run_block_id"), "code_run", ["block_id"], unique=False)
    op.create_table(
        "quality",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("method", sa.String(length=80), nullable=True),
        sa.Column("report_no", sa.String(length=80), nullable=True),
        sa.Column("tested_on", sa.Date(), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("limit_text", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_quality_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality")),
        sa.UniqueConstraint("batch_id", "item", name=op.f("uq_quality_batch_id_item")),
    )
    op.create_table(
        "shipment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_gln", sa.String(length=13), nullable=False),
        sa.Column("shipment_no", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("from_gln", sa.String(length=13), nullable=False),
        sa.Column("to_gln", sa.String(length=13), nullable=True),
        sa.Column("destination_adcode", sa.Integer(), nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_shipment_batch_id")),
        sa.ForeignKeyConstraint(["from_gln"], ["site.gln"], name=op.f("fk_shipment_from_gln")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("owner_gln", "shipment_no", "unit", name=op.f("uq_shipment_owner_gln_shipment_no_unit")),
    )
    op.create_index(op.f("ix_shipment_batch_id"), "shipment", ["batch_id"], unique=False)
    op.create_index(op.f("ix_shipment_shipment_no"), "shipment", ["shipment_no"], unique=False)
    op.create_index(op.f("ix_shipment_unit"), "shipment", ["unit"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_shipment_unit"), table_name="shipment")
    op.drop_index(op.f("ix_shipment_shipment_no"), table_name="shipment")
    op.drop_index(op.f("ix_shipment_batch_id"), table_name="shipment")
    op.drop_table("shipment")
    op.drop_table("quality")
    op.drop_index(op.f("ix_code_run_block_id"), table_name="code_run")
    op.drop_index(op.f("ix_code_run_batch_id"), table_name="code_run")
    op.drop_table("code_run")
    op.drop_index(op.f("ix_recall_gtin"), table_name="recall")
    op.drop_table("recall")
    op.drop_index(op.f("ix_code_block_gtin"), table_name="code_block")
    op.drop_index(op.f("ix_code_block_enterprise_gln"), table_name="code_block")
    op.drop_table("code_block")
    op.drop_index(op.f("ix_case_event_case_id"), table_name="case_event")
    op.drop_table("case_event")
    op.drop_table("batch")
    op.drop_index(op.f("ix_alert_serial"), table_name="alert")
    op.drop_index(op.f("ix_alert_case_id"), table_name="alert")
    op.drop_index(op.f("ix_alert_at"), table_name="alert")
    op.drop_table("alert")
    op.drop_index(op.f("ix_receipt_shipment_no"), table_name="receipt")
    op.drop_table("receipt")
    op.drop_index(op.f("ix_product_producer_gln"), table_name="product")
    op.drop_index(op.f("ix_product_brand"), table_name="product")
    op.drop_table("product")
    op.drop_index(op.f("ix_login_session_user_id"), table_name="login_session")
    op.drop_table("login_session")
    op.drop_table("line_count")
    op.drop_index(op.f("ix_client_enterprise_gln"), table_name="client")
    op.drop_table("client")
    op.drop_index(
        "uq_case_open_subject",
        table_name="case",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index(op.f("ix_case_state"), table_name="case")
    op.drop_index(op.f("ix_case_serial"), table_name="case")
    op.drop_index(op.f("ix_case_opened_at"), table_name="case")
    op.drop_index(op.f("ix_case_brand"), table_name="case")
    op.drop_index(op.f("ix_case_batch_id"), table_name="case")
    op.drop_table("case")
    op.drop_index(op.f("ix_wrong_code_at"), table_name="wrong_code")
    op.drop_table("wrong_code")
    op.drop_table("user")
    op.drop_table("upload")
    op.drop_index(op.f("ix_site_owner_gln"), table_name="site")
    op.drop_index(op.f("ix_site_adcode"), table_name="site")
    op.drop_table("site")
    op.drop_index("ix_scan_serial_at", table_name="scan")
    op.drop_index("ix_scan_batch_at", table_name="scan")
    op.drop_table("scan")
    op.drop_index("ix_rollup_gtin_hour", table_name="rollup")
    op.drop_table("rollup")
    op.drop_index("ix_packing_owner_parent", table_name="packing")
    op.drop_index(op.f("ix_packing_first_serial"), table_name="packing")
    op.drop_index(op.f("ix_packing_child_first"), table_name="packing")
    op.drop_table("packing")
    op.drop_index(op.f("ix_code_void_first_serial"), table_name="code_void")
    op.drop_table("code_void")
    op.drop_table("code_history")
    op.drop_index("ix_change_table_key", table_name="change")
    op.drop_table("change")
