"""What each role may see: one table of doors, one scope that every query of a staff page goes through."""
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, false, or_, select, true

from webapp.auth.sessions import Person
from webapp.models import Alert, Batch, Case, Product, Rollup, Site, Upload
from webapp.places import is_province

# Where a person lands after signing in: always a page that their role may open.
LANDING = {
    "admin": "/cases", "investigator": "/cases", "brand": "/brand", "enterprise": "/enterprise",
    "authority": "/oversight",
}
ROLES = tuple(LANDING)


@dataclass(frozen=True)
class Scope:
    """The rows one person may see. Nothing set and not `everything` = nothing at all: a user without a brand is
    closed out, not let in. Each method is a condition for a WHERE clause."""

    everything: bool = False
    brand: str | None = None
    province: int | None = None
    enterprise: str | None = None

    def products(self) -> ColumnElement[bool]:
        """Products of the brand, of the enterprise, or made in the province."""
        if self.everything:
            return true()
        if self.brand:
            return Product.brand == self.brand
        if self.enterprise:
            return Product.producer_gln == self.enterprise
        if self.province:
            return Product.producer_gln.in_(select(Site.gln).where(_inside(Site.adcode, self.province)))
        return false()

    def rollups(self) -> ColumnElement[bool]:
        """Counts of one's own products; for a province, of everything scanned there."""
        if self.everything:
            return true()
        if self.province:
            return _inside(Rollup.adcode, self.province)
        return Rollup.gtin.in_(select(Product.gtin).where(self.products()))

    def cases(self) -> ColumnElement[bool]:
        """Cases of the brand; for a province, of places and of lots made there."""
        if self.everything:
            return true()
        if self.brand:
            return Case.brand == self.brand
        if self.province:
            return or_(_inside(Case.area, self.province), Case.batch_id.in_(_made_in(self.province)))
        return false()

    def alerts(self) -> ColumnElement[bool]:
        """As cases, for alerts that became none: about lots of the brand; for a province, about places and lots made
        there."""
        if self.everything:
            return true()
        if self.brand:
            return Alert.batch_id.in_(select(Batch.id).join(Product, Product.gtin == Batch.gtin).where(
                Product.brand == self.brand))
        if self.province:
            return or_(_inside(Alert.area, self.province), Alert.batch_id.in_(_made_in(self.province)))
        return false()

    def sites(self) -> ColumnElement[bool]:
        """Sites of the enterprise, or in the province."""
        if self.everything:
            return true()
        if self.enterprise:
            return Site.owner_gln == self.enterprise
        if self.province:
            return _inside(Site.adcode, self.province)
        return false()

    def uploads(self) -> ColumnElement[bool]:
        """Files handed in by the enterprise."""
        if self.everything:
            return true()
        return Upload.enterprise_gln == self.enterprise if self.enterprise else false()


def scope_of(person: Person) -> Scope:
    """The scope of a signed-in person. An investigator or authority bound to a brand or province stays inside it."""
    match person.role:
        case "admin":
            return Scope(everything=True)
        case "brand":
            return Scope(brand=person.brand)
        case "enterprise":
            return Scope(enterprise=person.enterprise_gln)
        case "investigator" | "authority" if person.brand:
            return Scope(brand=person.brand)
        case "investigator" | "authority" if person.province:
            return Scope(province=person.province) if is_province(person.province) else Scope()
        case "investigator" | "authority":
            return Scope(everything=True)
    return Scope()


def _made_in(province: int) -> Select[int]:
    """Lots made there."""
    return select(Batch.id).join(Site, Site.gln == Batch.site_gln).where(_inside(Site.adcode, province))


def _inside(column, province: int) -> ColumnElement[bool]:
    """GB/T 2260: the first two digits of an adcode are its province."""
    return column.between(province, province + 9999)
