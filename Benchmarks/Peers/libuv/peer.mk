libuv.package := libuv1-dev
libuv.needs := libuv
