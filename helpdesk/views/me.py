"""/desk/me/: how the desk tells me of things while I am not looking."""

from django.contrib import messages
from django.shortcuts import redirect, render

from helpdesk import actions, channels
from helpdesk.delivery import card_of, try_out
from helpdesk.forms_me import ContactForm
from helpdesk.models import ContactCard
from helpdesk.views.queue import desk_context, desk_page
from menpai import throttle

TRIALS, TRIAL_MINUTES = 3, 10


@desk_page
def me(request):
    card = card_of(request.user) or ContactCard(user=request.user)
    form = ContactForm(request.POST if request.method == "POST" else None, card=card)
    if form.is_valid():
        card = actions.save_contact(by=request.user, **form.contact)
        messages.success(request, "存好了。")
        if "try" in request.POST:
            _try_out(request, card)
        return redirect("desk:me")
    ways = {"mail": channels.mail_is_set_up(), "sms": channels.sms_is_set_up()}
    return render(request, "helpdesk/desk/me.html", desk_context(request, here="me", form=form, **ways))


def _try_out(request, card: ContactCard) -> None:
    """Send now and say at once what became of it; a few times in ten minutes, because a text message costs money."""
    if not throttle.allow("contact trial", str(request.user.pk), limit=TRIALS, minutes=TRIAL_MINUTES):
        messages.warning(request, f"试得太勤了，过{TRIAL_MINUTES}分钟再试。")
        return
    outcomes = try_out(card)
    for word, outcome in outcomes.items():
        if outcome.ok:
            messages.success(request, f"{word}发出去了，看看收到没有。")
        else:
            messages.warning(request, f"{word}没发出去：{outcome.answer}。号码、邮箱没写错的话，告诉管理员。")
    if not outcomes:
        messages.warning(request, "没有可以试的：邮箱和手机都空着，或者这里的邮件、短信还没有接好。")
