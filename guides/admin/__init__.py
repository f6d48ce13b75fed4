from guides.admin import board, guide, places

__all__ = ["board", "guide", "places"]
