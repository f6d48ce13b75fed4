from django.http import HttpResponse
def queue(request, **kw): return HttpResponse()
log = detail = act = queue
