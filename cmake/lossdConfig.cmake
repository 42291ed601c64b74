include(${CMAKE_CURRENT_LIST_DIR}/lossdTargets.cmake)
