from django.contrib.auth.views import LoginView

from helpdesk.forms_desk import SignInForm


class SignIn(LoginView):
    template_name = "helpdesk/desk/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs):
        """Without Django's `site` (a host name), which would hide the one that guides.site_words gives every page."""
        context = super().get_context_data(**kwargs)
        del context["site"]
        return context
