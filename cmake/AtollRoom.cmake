# atoll_room(NAME [ROOMS lower rooms…] [LIBRARIES outside libraries…] [WITHOUT folder])
#   One room of the house: every .cpp of src/NAME becomes the static library atoll_NAME; but for those of the folder
#   whose library is missing, or of its stand-in.
# atoll_room_tests(NAME [ROOMS other rooms…])
#   Every *_test.cpp of tests/NAME becomes the program NAME_test; ctest knows each test in it. Those of
#   tests/NAME/slow become NAME_slow_test, with ctest's label "slow": ./test --all runs them.
function(atoll_room NAME)
  cmake_parse_arguments(ROOM "" "WITHOUT" "ROOMS;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${NAME}/*.cpp)
  if(ROOM_WITHOUT)
    list(FILTER SOURCES EXCLUDE REGEX "/src/${NAME}/${ROOM_WITHOUT}/")
  endif()
  add_library(atoll_${NAME} STATIC ${SOURCES})
  atoll_compile_options(atoll_${NAME})
  target_include_directories(atoll_${NAME} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ROOM_ROOMS PREPEND atoll_)
  target_link_libraries(atoll_${NAME} PUBLIC ${ROOM_ROOMS} ${ROOM_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY ATOLL_ROOMS atoll_${NAME})
  set_property(GLOBAL APPEND PROPERTY ATOLL_LIBRARIES ${ROOM_LIBRARIES})
endfunction()

function(atoll_compile_options TARGET)
  target_compile_options(${TARGET} PRIVATE -Wall -Wextra -Wshadow -Wno-missing-field-initializers
                         $<$<BOOL:${ATOLL_WERROR}>:-Werror>)
  # g++ 12 sees these in the standard library's own vectors and strings, where they are not.
  target_compile_options(${TARGET} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-free-nonheap-object -Wno-maybe-uninitialized
                                                                    -Wno-restrict>)
  target_compile_options(${TARGET} PRIVATE
                         "$<$<CXX_COMPILER_ID:Clang>:SHELL:-include ${PROJECT_SOURCE_DIR}/cmake/overloaded_guide.h>")
  if(ATOLL_SANITIZE)
    list(JOIN ATOLL_SANITIZE "," SANITIZERS)
    # With the optimization of a release these builds take twice as long.
    target_compile_options(${TARGET} PUBLIC -O1 -fsanitize=${SANITIZERS} -fno-omit-frame-pointer -g1)
    target_link_options(${TARGET} PUBLIC -fsanitize=${SANITIZERS})
  endif()
endfunction()

function(atoll_room_tests NAME)
  cmake_parse_arguments(ROOM "" "" "ROOMS" ${ARGN})
  list(TRANSFORM ROOM_ROOMS PREPEND atoll_)
  foreach(LABEL fast slow)
    set(FOLDER ${PROJECT_SOURCE_DIR}/tests/${NAME})
    set(PROGRAM ${NAME}_test)
    if(LABEL STREQUAL slow)
      string(APPEND FOLDER /slow)
      set(PROGRAM ${NAME}_slow_test)
    endif()
    file(GLOB SOURCES CONFIGURE_DEPENDS ${FOLDER}/*.cpp)
    if(NOT SOURCES)
      continue()
    endif()
    add_executable(${PROGRAM} ${SOURCES})
    atoll_compile_options(${PROGRAM})
    target_compile_options(${PROGRAM} PRIVATE $<$<CONFIG:Release>:-O1>)  # compiles a quarter faster than -O3
    target_include_directories(${PROGRAM} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_compile_definitions(${PROGRAM} PRIVATE ATOLL_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    target_link_libraries(${PROGRAM} PRIVATE atoll_${NAME} ${ROOM_ROOMS} GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${PROGRAM} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 LABELS ${LABEL})
  endforeach()
endfunction()

# atoll_flatbuffers(NAME schemas…)
#   Has flatc make the classes of src/NAME/*.fbs into the build tree, for the room's own use: "NAME/x_generated.h".
function(atoll_flatbuffers NAME)
  if(NOT FLATC)
    message(FATAL_ERROR "flatc was not found: install flatbuffers-compiler")
  endif()
  set(FOLDER ${PROJECT_BINARY_DIR}/generated/${NAME})
  foreach(SCHEMA ${ARGN})
    cmake_path(GET SCHEMA STEM STEM)
    set(SOURCE ${PROJECT_SOURCE_DIR}/src/${NAME}/${SCHEMA})
    add_custom_command(OUTPUT ${FOLDER}/${STEM}_generated.h
                       COMMAND ${FLATC} --cpp --scoped-enums -o ${FOLDER} ${SOURCE}
                       DEPENDS ${SOURCE} VERBATIM)
    target_sources(atoll_${NAME} PRIVATE ${FOLDER}/${STEM}_generated.h)
  endforeach()
  target_include_directories(atoll_${NAME} SYSTEM PRIVATE ${PROJECT_BINARY_DIR}/generated)
endfunction()
