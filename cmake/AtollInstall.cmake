# `cmake --install`: bin/atoll, libatoll with its headers, and what find_package(atoll) and pkg-config read.
include(CMakePackageConfigHelpers)

install(TARGETS atoll_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS atoll EXPORT atollTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/atoll DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(ATOLL_CONFIG_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/atoll)
install(EXPORT atollTargets NAMESPACE atoll:: DESTINATION ${ATOLL_CONFIG_FOLDER})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/atollConfig.cmake.in ${PROJECT_BINARY_DIR}/atollConfig.cmake
                              INSTALL_DESTINATION ${ATOLL_CONFIG_FOLDER})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/atollConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/atollConfig.cmake ${PROJECT_BINARY_DIR}/atollConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/AtollLibraries.cmake
        DESTINATION ${ATOLL_CONFIG_FOLDER})

if(ATOLL_POSTGRES)
  set(ATOLL_PC_POSTGRES " libpq")
endif()
file(RELATIVE_PATH ATOLL_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/atoll.pc.in ${PROJECT_BINARY_DIR}/atoll.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/atoll.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
