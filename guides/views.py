from django.http import HttpResponse
def home(request, **kw): return HttpResponse()
guide_list = guide = notices = notice = jobs = areas = home
