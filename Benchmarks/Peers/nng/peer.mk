nng.package := libnng-dev
nng.header := nng/nng.h
nng.link := -lnng
