# What lossd links, from the distribution's packages. Names and versions come from dependencies.txt.
find_package(PkgConfig REQUIRED)
set(lossd_dependencies ${PROJECT_SOURCE_DIR}/dependencies.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${lossd_dependencies})

# lossd_dependency(TARGET module): finds the pkg-config module, in the version that dependencies.txt asks for.
function(lossd_dependency target module)
  file(STRINGS ${lossd_dependencies} line REGEX "[ ]${module}>=")
  string(REGEX MATCH "debian +[a-z]+ +([^ ]+) +([^ ]+)" _ "${line}")
  set(package ${CMAKE_MATCH_1})
  set(requirement ${CMAKE_MATCH_2})
  pkg_check_modules(${target} QUIET IMPORTED_TARGET GLOBAL ${requirement})
  if(NOT ${target}_FOUND)
    message(FATAL_ERROR "lossd needs ${requirement}, which was not found. Install the Debian package ${package}, "
                        "or run ./dev deps, which installs all that is needed.")
  endif()
endfunction()

lossd_dependency(MICROHTTPD libmicrohttpd)
lossd_dependency(UV libuv)
lossd_dependency(CJSON libcjson)
lossd_dependency(ZLIB zlib)
lossd_dependency(GNUTLS gnutls)
if(BUILD_TESTING OR NOT DEFINED BUILD_TESTING)
  lossd_dependency(CMOCKA cmocka)
  lossd_dependency(CURL libcurl)
  # The distribution's own interpreter: tests use nothing but its standard library.
  find_program(LOSSD_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
endif()
