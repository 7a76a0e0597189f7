"""What a WSGI server imports: `webapp.wsgi:app`. The one module that does something at import."""
import gc

from webapp import logs
from webapp.app import create_app
from webapp.settings import load_settings

logs.configure()
app = create_app(load_settings())

# What stands now stays; and of what a scan leaves behind hardly anything is a cycle. The collector's usual pace would
# walk through all that is remembered again and again, a fifth of the time of a busy process.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 100)
