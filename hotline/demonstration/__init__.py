"""The demonstration city: handling units that answer their orders, a desk that calls back, complaints that come in.

It speaks to the service as any city would, through the API and the units' own HTTP system; nothing of it is a part of
the service.
"""
