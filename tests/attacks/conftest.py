"""Every test here may ask for the staff world and for a served product."""
from tests.staff_world import world
from tests.views.public.conftest import shop

__all__ = ["shop", "world"]
