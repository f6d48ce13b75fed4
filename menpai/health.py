from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import JsonResponse
from django.views.decorators.cache import never_cache


@never_cache
def healthz(request):
    """The process answers. Nothing else is asked, so that a slow database never gets healthy processes killed."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request):
    """The process can do its work: the database answers and its schema is the one this code expects. 503 says what is wrong."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "fail", "database": "no answer"}, status=503)
    if pending:
        return JsonResponse({"status": "fail", "migrations": [str(migration) for migration, _ in pending]}, status=503)
    return JsonResponse({"status": "ok", "database": connection.vendor})
