"""What a WSGI server imports: `webapp.wsgi:app`. The one module that does something at import."""
from webapp import logs
from webapp.app import create_app
from webapp.settings import load_settings

logs.configure()
app = create_app(load_settings())
