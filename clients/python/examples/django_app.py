"""A Django project in one file, whose events say who acted, from which address, with which agent, in which request.

pip install django
export DAYBOOK_URL=http://127.0.0.1:8787 DAYBOOK_KEY=dbk_…
python clients/python/examples/django_app.py
curl -c jar -d 'username=mike.mars&password=sesame' http://127.0.0.1:8000/sign-in
curl -b jar -X POST http://127.0.0.1:8000/invoices/1042/approve
"""

from __future__ import annotations

import os
import secrets
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model, login
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

from daybook_client.django_middleware import daybook


def sign_in(request: HttpRequest) -> JsonResponse:
    name = request.POST.get("username", "")
    user = authenticate(request, username=name, password=request.POST.get("password", ""))
    if user is None:
        # Nobody is signed in, so the event says itself whose name was tried.
        daybook().record("user.signed_in", status="failure", actor={"type": "unknown", "username": name})
        return JsonResponse({}, status=401)
    login(request, user)
    daybook().record("user.signed_in")
    return JsonResponse({"hello": user.get_username()})


def approve(request: HttpRequest, number: str) -> JsonResponse:
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    return JsonResponse({"recorded": daybook().record("invoice.approved", target={"type": "invoice", "id": number})})


urlpatterns = [path("sign-in", sign_in), path("invoices/<number>/approve", approve)]


def main() -> None:
    settings.configure(
        SECRET_KEY=secrets.token_hex(),
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "daybook_client.django_middleware.DaybookMiddleware",
        ],
        # URL and KEY come from the environment here. Behind a load balancer: PROXIES 1.
        DAYBOOK={"PROXIES": int(os.environ.get("PROXIES", "0"))},
    )
    django.setup()
    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user(
        "mike.mars", "mike@mars.example", "sesame", first_name="Mike", last_name="Mars"
    )
    with make_server("127.0.0.1", int(os.environ.get("PORT", "8000")), get_wsgi_application()) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
