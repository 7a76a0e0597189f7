"""Flask and Jinja drawing a page of the scan page's size, with no data behind it."""
from flask import Flask, render_template_string

ROWS = [{"label": f"项目 {n}", "value": f"值 {n}" * 3} for n in range(15)]
PAGE = """<!doctype html><html lang=zh-CN><title>page</title><style>{{ css }}</style><body>
<h1>{{ title }}</h1><table>{% for row in rows %}<tr><th>{{ row.label }}<td>{{ row.value }}{% endfor %}</table>"""

app = Flask(__name__)


@app.get("/")
def page() -> str:
    return render_template_string(PAGE, title="盐证", rows=ROWS, css="p{margin:0} " * 400)
