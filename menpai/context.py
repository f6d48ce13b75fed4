from django.conf import settings


def site(request):
    """What the district says of itself in header and footer. Empty identifiers are not shown; none is ever made up."""
    return {
        "site": {
            "name": settings.SITE_NAME,
            "hotline": settings.HOTLINE,
            "organiser": settings.ORGANISER,
            "icp": settings.ICP_NUMBER,
            "police": settings.POLICE_NUMBER,
            "identifier": settings.SITE_ID,
            "host": settings.SITE_URL.partition("://")[2],
            "demo": settings.DEMO,
        }
    }
