"""HTTP beside the sockets: the page, the API, health and debug. `app.build_app` makes the ASGI app.

Owns no listener, no room and no storage; it gets all of them as `services.WebServices`.
"""
