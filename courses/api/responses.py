"""The refusals that operations document."""

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from courses.api.serializers import ProblemSerializer

INVALID = OpenApiResponse(ProblemSerializer, description="Some fields are not valid; `errors` names them.")
FORBIDDEN = OpenApiResponse(ProblemSerializer, description="The caller may see this, but not do it.")
NOT_FOUND = OpenApiResponse(ProblemSerializer, description="No such thing, or not the caller's to see.")
CONFLICT = OpenApiResponse(ProblemSerializer, description="The present state doesn't allow this; `code` says why.")
CHANGED = OpenApiResponse(ProblemSerializer, description="Somebody else changed it since: read it again.")
TOO_LARGE = OpenApiResponse(ProblemSerializer, description="The file is too large.")
UNPROCESSABLE = OpenApiResponse(ProblemSerializer, description="The content can't be processed; `code` says why.")
VERSION_NEEDED = OpenApiResponse(ProblemSerializer, description="If-Match is missing.")
IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read, or `*`.")
