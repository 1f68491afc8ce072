"""/metrics."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from observability import exposition, facts, sampler
from observability.conf import conf
from observability.multiprocess.values import directory


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Every metric of this process tree, in the text format or OpenMetrics; 403 for who may not read it."""
    if not exposition.may_scrape(request.META.get("REMOTE_ADDR", ""), request.headers):
        return HttpResponse("metrics: not for you\n", status=403, content_type="text/plain")
    if conf.SITE_FACTS:
        facts.start()
    if directory() is None:
        sampler.sample()
    else:
        sampler.start()
    body, content_type = exposition.render(request.headers.get("Accept", ""))
    body, headers = exposition.compress(body, request.headers.get("Accept-Encoding", ""))
    return HttpResponse(body, content_type=content_type, headers=headers)
