qt.package := qt6-base-dev
qt.needs := Qt6Network
qt.flags := -fPIC
