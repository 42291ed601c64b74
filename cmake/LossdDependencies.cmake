# What lossd links, from the distribution's packages. Versions and package names are listed once: in ./dev (PACKAGES).
find_package(PkgConfig REQUIRED)

# lossd_dependency(TARGET module>=version debian-package)
function(lossd_dependency target module package)
  pkg_check_modules(${target} QUIET IMPORTED_TARGET GLOBAL ${module})
  if(NOT ${target}_FOUND)
    message(FATAL_ERROR "lossd needs ${module}, which was not found. Install the Debian package ${package}, or "
                        "run ./dev deps, which installs all that is needed.")
  endif()
endfunction()

lossd_dependency(MICROHTTPD "libmicrohttpd>=0.9.75" libmicrohttpd-dev)
lossd_dependency(UV "libuv>=1.44" libuv1-dev)
lossd_dependency(CJSON "libcjson>=1.7.15" libcjson-dev)
lossd_dependency(ZLIB "zlib>=1.2" zlib1g-dev)
lossd_dependency(GNUTLS "gnutls>=3.7" libgnutls28-dev)
if(BUILD_TESTING OR NOT DEFINED BUILD_TESTING)
  lossd_dependency(CMOCKA "cmocka>=1.1.5" libcmocka-dev)
endif()
# The distribution's own interpreter: tests use nothing but its standard library.
find_program(LOSSD_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
