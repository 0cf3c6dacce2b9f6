gio.package := libglib2.0-dev
gio.needs := gio-unix-2.0
