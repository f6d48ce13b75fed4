"""智能客服 /ask/: one question, one answer. What people ask may hold personal words, so nothing of it is kept by a cache or written down."""

from urllib.parse import urlencode

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from guides.assistant import ask as reply_to
from guides.assistant import subject_of
from guides.intents import MAX_QUESTION
from guides.viewpoint import other_mode, resident
from guides.views import page_context

EXAMPLES = ("低保要什么条件", "身份证丢了去哪补", "居民医保什么时候交", "养老认证要不要本人去", "开小饭馆要带什么", "这个码安全吗")


@never_cache
@resident
def ask(request):
    """Answers ?q=, about what ?about= (signed, from the page before) speaks of. An empty question shows examples."""
    question = request.GET.get("q", "").strip()[:MAX_QUESTION]
    subject = subject_of(request.GET.get("about", ""))
    reply = None
    if question:
        reply = reply_to(question, subject=subject, area=request.viewpoint.area, now=timezone.localtime())
        subject = reply.subject or subject
    more = {"other_mode": other_mode(f"{request.path}?{urlencode({'q': reply.question})}")} if reply and reply.has_number else {}
    context = page_context(request, request.viewpoint, reply=reply, about=subject.signed if subject else "", examples=EXAMPLES, limit=MAX_QUESTION, **more)
    return render(request, "guides/ask.html", context)
