"""Every reason for which a file or a row is refused: a closed list, each with its sentence in Chinese and English."""
from enum import StrEnum
from typing import Any, NamedTuple

Language = str  # "zh" or "en"
MAX_KEPT = 10_000


class Why(StrEnum):
    """The stable code of a refusal, as programs read it."""

    # the file
    TOO_LARGE = "too_large"
    ENCODING = "encoding"
    NUL = "nul"
    NOT_A_TABLE = "not_a_table"
    NOT_A_SPREADSHEET = "not_a_spreadsheet"
    NOT_JSON = "not_json"
    EMPTY = "empty"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    LINE_TOO_LONG = "line_too_long"
    RAGGED_ROW = "ragged_row"
    NOT_A_ROW = "not_a_row"
    UNKNOWN_COLUMN = "unknown_column"
    REPEATED_COLUMN = "repeated_column"
    MISSING_COLUMN = "missing_column"
    UNKNOWN_ENTERPRISE = "unknown_enterprise"
    MORE_ERRORS = "more_errors"
    # one value
    REQUIRED = "required"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"
    GTIN = "gtin"
    GLN = "gln"
    SSCC = "sscc"
    SC_LICENCE = "sc_licence"
    USCC = "uscc"
    LOT = "lot"
    UNKNOWN_ADCODE = "unknown_adcode"
    CHOICE = "choice"
    NUMBER = "number"
    OUT_OF_RANGE = "out_of_range"
    DATE = "date"
    TIME = "time"
    FUTURE = "future"
    INDUSTRIAL_SALT = "industrial_salt"
    UNIT = "unit"
    # against the rest of the registry
    CONTRADICTS_ROW = "contradicts_row"
    DATE_ORDER = "date_order"
    UNKNOWN_SITE = "unknown_site"
    UNKNOWN_PRODUCT = "unknown_product"
    UNKNOWN_LOT = "unknown_lot"
    UNKNOWN_UNIT = "unknown_unit"
    UNKNOWN_SHIPMENT = "unknown_shipment"
    OTHER_ENTERPRISE = "other_enterprise"
    CODE_MALFORMED = "code_malformed"
    CODE_FORGED = "code_forged"
    CODE_NOT_ISSUED = "code_not_issued"
    CODE_ORDER = "code_order"
    BLOCK_CROSSED = "block_crossed"
    BLOCK_VOID = "block_void"
    BLOCK_OTHER_PRODUCT = "block_other_product"
    BLOCK_OTHER_LOT = "block_other_lot"
    RUN_OVERLAPS = "run_overlaps"
    TWO_PARENTS = "two_parents"
    LEVEL = "level"
    BOX_RUN = "box_run"
    MORE_READ = "more_read"


WORDS: dict[Why, tuple[str, str]] = {
    Why.TOO_LARGE: ("文件超过 {limit} MB，请拆分后再上传", "the file is larger than {limit} MB; split it"),
    Why.ENCODING: ("文字编码无法识别，请另存为 UTF-8 或 GB18030（整个文件用同一种编码）",
                   "the text encoding cannot be read; save the whole file as UTF-8 or GB18030"),
    Why.NUL: ("文件含有空字符（NUL），可能已损坏，请重新导出",
              "the file holds NUL characters and may be damaged; export it again"),
    Why.NOT_A_TABLE: ("无法按 CSV 读取：{reason}", "cannot be read as CSV: {reason}"),
    Why.NOT_A_SPREADSHEET: ("无法读取该表格文件，请另存为 .xlsx 或 CSV",
                            "the spreadsheet cannot be read; save it again as .xlsx or CSV"),
    Why.NOT_JSON: ("无法按 JSON 数组读取：{reason}", "cannot be read as a JSON array of rows: {reason}"),
    Why.EMPTY: ("文件没有数据行；第 1 行应为列名", "the file has no rows; row 1 must name the columns"),
    Why.TOO_MANY_ROWS: ("超过 {limit} 行，请拆分后再上传", "more than {limit} rows; split the file"),
    Why.TOO_MANY_COLUMNS: ("超过 {limit} 列", "more than {limit} columns"),
    Why.LINE_TOO_LONG: ("该行过长或引号未闭合", "this row is too long, or a quote is not closed"),
    Why.RAGGED_ROW: ("该行有 {found} 个字段，表头有 {expected} 个；含逗号的内容请加引号",
                     "this row has {found} fields, the header has {expected}; put quotes around text with commas"),
    Why.NOT_A_ROW: ("不是由列名和简单值组成的对象", "not an object of column names and plain values"),
    Why.UNKNOWN_COLUMN: ("没有名为“{value}”的列；可用的列：{known}", "there is no column {value!r}; known: {known}"),
    Why.REPEATED_COLUMN: ("列“{value}”出现了两次", "column {value!r} stands there twice"),
    Why.MISSING_COLUMN: ("缺少必需的列“{value}”", "the required column {value!r} is missing"),
    Why.UNKNOWN_ENTERPRISE: ("企业 {value} 尚未登记；请先在 sites 文件中登记该 GLN",
                             "enterprise {value} is not registered; name this GLN in a sites file first"),
    Why.MORE_ERRORS: ("另有 {count} 处错误未列出；请先改正以上各行",
                      "{count} more errors are not listed; correct these first"),
    Why.REQUIRED: ("不能为空", "must not be empty"),
    Why.TOO_LONG: ("超过 {limit} 个字符", "longer than {limit} characters"),
    Why.CONTROL_CHARACTER: ("含有不可见字符 {value}，请删除", "holds the invisible character {value}; delete it"),
    Why.GTIN: ("“{value}”不是有效的 GTIN（13 或 14 位数字，含校验位）",
               "{value!r} is not a GTIN (13 or 14 digits with a right check digit)"),
    Why.GLN: ("“{value}”不是有效的 GLN（13 位数字，含校验位）",
              "{value!r} is not a GLN (13 digits with a right check digit)"),
    Why.SSCC: ("“{value}”不是有效的 SSCC（18 位数字，含校验位）",
               "{value!r} is not an SSCC (18 digits with a right check digit)"),
    Why.SC_LICENCE: ("“{value}”不是有效的食品生产许可证编号（SC 加 14 位数字，含校验位）",
                     "{value!r} is not a food licence (SC and 14 digits with a right check digit)"),
    Why.USCC: ("“{value}”不是有效的统一社会信用代码", "{value!r} is not a unified social credit code"),
    Why.LOT: ("批号“{value}”应为 1–20 个字母、数字或常用符号（GS1 82 字符集）",
              "lot {value!r} must be 1 to 20 characters of GS1's set of 82"),
    Why.UNKNOWN_ADCODE: ("没有行政区划代码 {value}（GB/T 2260）", "there is no place with GB/T 2260 code {value!r}"),
    Why.CHOICE: ("“{value}”不在可选值之内：{known}", "{value!r} is none of {known}"),
    Why.NUMBER: ("“{value}”不是数字", "{value!r} is not a number"),
    Why.OUT_OF_RANGE: ("{value} 超出 {low}–{high}", "{value} is outside {low} to {high}"),
    Why.DATE: ("“{value}”不是日期（如 2025-01-31）", "{value!r} is not a date such as 2025-01-31"),
    Why.TIME: ("“{value}”不是时间（如 2025-01-31T08:00:00+08:00）",
               "{value!r} is not a time such as 2025-01-31T08:00:00+08:00"),
    Why.FUTURE: ("{value} 尚未到来", "{value} lies in the future"),
    Why.INDUSTRIAL_SALT: ("GB/T 5462 是工业盐标准，不得作为食盐登记",
                          "GB/T 5462 is industrial salt and no edible product"),
    Why.UNIT: ("{item} 不能用单位“{value}”；可用：{known}", "{item} cannot be given in {value!r}; known: {known}"),
    Why.CONTRADICTS_ROW: ("与第 {first} 行的编号相同而内容不同", "same key as row {first} with other content"),
    Why.DATE_ORDER: ("{late}（{late_value}）应晚于 {early}（{early_value}）",
                     "{late} ({late_value}) must come after {early} ({early_value})"),
    Why.UNKNOWN_SITE: ("场所 {value} 尚未登记", "site {value} is not registered"),
    Why.UNKNOWN_PRODUCT: ("产品 {value} 尚未登记", "product {value} is not registered"),
    Why.UNKNOWN_LOT: ("批次 {value} 尚未登记", "lot {value} is not registered"),
    Why.UNKNOWN_UNIT: ("没有编号为 {value} 的箱、垛或批次", "there is no box, pallet or lot {value}"),
    Why.UNKNOWN_SHIPMENT: ("没有编号为 {value} 的发货记录", "there is no shipment {value}"),
    Why.OTHER_ENTERPRISE: ("{value} 属于其他企业", "{value} belongs to another enterprise"),
    Why.CODE_MALFORMED: ("“{value}”不是 20 位追溯码", "{value!r} is not a code of 20 characters"),
    Why.CODE_FORGED: ("“{value}”不是本系统的追溯码，请核对是否抄错",
                      "{value!r} is not one of our codes; check the spelling"),
    Why.CODE_NOT_ISSUED: ("追溯码 {value} 没有发放给本企业", "code {value} was not issued to this enterprise"),
    Why.CODE_ORDER: ("最后一个码在第一个码之前", "the last code comes before the first"),
    Why.BLOCK_CROSSED: ("首尾两码不在同一码段内", "the first and the last code lie in two blocks"),
    Why.BLOCK_VOID: ("该码段已作废", "this block of codes is void"),
    Why.BLOCK_OTHER_PRODUCT: ("该码段是发给产品 {value} 的", "this block was issued for product {value}"),
    Why.BLOCK_OTHER_LOT: ("该码段是发给批次 {value} 的", "this block was issued for lot {value}"),
    Why.RUN_OVERLAPS: ("其中的码已用于批次 {value}", "codes of this run are on lot {value} already"),
    Why.TWO_PARENTS: ("{value} 已装入 {parent}", "{value} is in {parent} already"),
    Why.LEVEL: ("{value} 已登记为另一层级的包装", "{value} is known as packing of another level"),
    Why.BOX_RUN: ("“{value}”不能展开为连续箱号：前缀与位数须相同、先小后大、不超过 {limit} 箱",
                  "{value!r} is no run of box numbers: same prefix and width, rising, at most {limit} boxes"),
    Why.MORE_READ: ("读码数 {value} 大于产量 {high}", "{value} bags read are more than the {high} produced"),
}


class Refusal(NamedTuple):
    """Why a row did not go in. `row` counts as a spreadsheet shows it (header = 1); 0 is the file as a whole."""

    row: int
    column: str
    why: Why
    values: dict[str, Any]

    def message(self, language: Language) -> str:
        """The sentence in "zh" or "en"."""
        return WORDS[self.why][language == "en"].format(**self.values)


class Refusals:
    """The refusals of one file. A file of two million mistakes must not fill the memory: the first ten thousand are
    kept, the others counted."""

    def __init__(self) -> None:
        self.kept: list[Refusal] = []
        self.more = 0

    def add(self, refusal: Refusal) -> None:
        if len(self.kept) < MAX_KEPT:
            self.kept.append(refusal)
        else:
            self.more += 1


def shown(value: object) -> str:
    """A value as it may stand in a message: bounded, and no character that moves others about."""
    text = "".join(c if c.isprintable() else "�" for c in str(value)[:61])
    return text if len(text) <= 60 else text[:60] + "…"
