-- `luarocks make` builds and installs the Lua module alone. It needs the C libraries of tools/packages.txt (`build`),
-- which pkg-config finds.
rockspec_format = "3.0"
package = "tracereel"
version = "dev-1"
source = {
    url = "git+file://.", -- what `luarocks make` is called in
}
description = {
    summary = "Reads the write-ahead logs of the workflow engine XERV and rebuilds their traces",
    detailed = [[
        Reads logs, also damaged ones, record by record, with the state of each trace; counts, measures and writes
        records. The program `tracereel` is not part of the rock.]],
    license = "MIT",
}
supported_platforms = { "linux" }
dependencies = {
    "lua >= 5.4, < 5.5",
}
build = {
    type = "make",
    build_target = "module",
    build_variables = {
        LUA_CFLAGS = "-I$(LUA_INCDIR)",
    },
    install_target = "install-module",
    install_variables = {
        LUA_CFLAGS = "-I$(LUA_INCDIR)",
        LUA_MODULE_DIR = "$(LUADIR)",
        LUA_C_MODULE_DIR = "$(LIBDIR)",
    },
}
