from django.http import HttpResponse
def find(request, **kw): return HttpResponse()
new = follow = find
def csrf_failure(request, reason=""): return HttpResponse(status=403)
