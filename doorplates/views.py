from django.http import HttpResponse
def plate(request, code, **kw): return HttpResponse()
verify = plate
