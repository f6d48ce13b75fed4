from django.conf import settings
from django.core.checks import Error, register
from django.core.checks import Warning as Advice
from django.db import DatabaseError


@register
def no_demo_accounts_in_production(app_configs, **kwargs):
    """Demo accounts have a password that was printed on a screen: with neither DEMO nor DEBUG none may be able to sign in."""
    if settings.DEMO or settings.DEBUG:
        return []
    from helpdesk.demo import demo_users

    try:
        names = list(demo_users().values_list("username", flat=True))
    except DatabaseError:  # before the first migrate, or without a database: nobody can sign in either
        return []
    if not names:
        return []
    return [
        Error(
            f"Demo accounts are active but MENPAI_DEMO is off: {', '.join(names)}.",
            hint="Deactivate or delete them in the admin (manage.py deactivate_demo does it), or set MENPAI_DEMO=1 on a trial site.",
            id="helpdesk.E001",
        )
    ]


@register
def second_factor_off_a_trial(app_configs, **kwargs):
    """Whoever knows a password reads residents' phone numbers: fit for a trial only."""
    if settings.SECOND_FACTOR or settings.DEMO or settings.DEBUG:
        return []
    return [
        Advice(
            "MENPAI_SECOND_FACTOR is 0: staff sign in with a password alone.",
            hint="Take the setting away (it is on by default), or keep it only while phones are being handed out.",
            id="helpdesk.W001",
        )
    ]
