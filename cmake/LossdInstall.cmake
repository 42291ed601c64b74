# What cmake --install and the Debian packages hold, in two components: server (the binary, its manual, units) and
# development (the mathematics as a static library, headers, pkg-config and CMake files).
#   cmake --install build/release --prefix /usr/local [--component server]
#   cpack --config build/release/CPackConfig.cmake -B build/packages
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME server)

set(man ${PROJECT_BINARY_DIR}/lossd.1)
add_custom_command(OUTPUT ${man}
  COMMAND ${CMAKE_COMMAND} -DBINARY=${lossd_program} -DVERSION=${PROJECT_VERSION}
          -DTEMPLATE=${PROJECT_SOURCE_DIR}/docs/lossd.1.in -DOUTPUT=${man} -P ${PROJECT_SOURCE_DIR}/cmake/ManPage.cmake
  DEPENDS lossd docs/lossd.1.in cmake/ManPage.cmake VERBATIM)
add_custom_target(man ALL DEPENDS ${man})

install(TARGETS lossd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${man} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES cli/completion/lossd.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME lossd)
install(FILES cli/completion/_lossd DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES cli/completion/lossd.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/lossd RENAME copyright)
install(FILES docker/lossd.service docker/lossd.socket DESTINATION lib/systemd/system)

set_target_properties(lossd_core PROPERTIES OUTPUT_NAME lossd EXPORT_NAME lossd)
target_include_directories(lossd_core INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/lossd>)
install(TARGETS lossd_core EXPORT lossd ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
foreach(name loss.h plan.h arena.h problem.h tensor.h sum.h real.h dtype.def status.def)
  list(APPEND headers core/${name})
endforeach()
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lossd/core COMPONENT development)
# The package's prefix is not that of configuring, so the file says where it is seen from itself.
file(RELATIVE_PATH lossd_prefix /usr/${CMAKE_INSTALL_LIBDIR}/pkgconfig /usr)
string(REGEX REPLACE "/$" "" lossd_prefix ${lossd_prefix})
configure_file(cmake/lossd.pc.in lossd.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/lossd.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
write_basic_package_version_file(lossdConfigVersion.cmake COMPATIBILITY SameMajorVersion)
set(config ${CMAKE_INSTALL_LIBDIR}/cmake/lossd)
install(EXPORT lossd NAMESPACE lossd:: FILE lossdTargets.cmake DESTINATION ${config} COMPONENT development)
install(FILES cmake/lossdConfig.cmake ${PROJECT_BINARY_DIR}/lossdConfigVersion.cmake DESTINATION ${config}
  COMPONENT development)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/liblossd-dev RENAME copyright COMPONENT development)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The lossd authors <lossd@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Loss functions and their gradients over HTTP")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL server development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_SERVER_PACKAGE_NAME lossd)
set(CPACK_DEBIAN_SERVER_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SERVER_PACKAGE_SECTION net)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME liblossd-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "Loss functions and their gradients: static library and headers")
include(CPack)
