"""Every test here may ask for the staff world."""
from tests.staff_world import world

__all__ = ["world"]
