# Every library from outside, all of them Debian 12's packages (scripts/install-dependencies has the list).
macro(atoll_find_package)
  find_package(${ARGV} REQUIRED)
endmacro()
find_package(PostgreSQL QUIET)
option(ATOLL_POSTGRES "trial stores on a PostgreSQL server" ${PostgreSQL_FOUND})
include(AtollLibraries)

# Headers alone, seen by our own sources only: who links libatoll needs none of them.
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
# Atoll's own threads only: small products are quicker on one, and the result must not depend on their number.
target_compile_definitions(Eigen3::Eigen INTERFACE EIGEN_DONT_PARALLELIZE)
find_package(CLI11 REQUIRED)
atoll_find_library(flatbuffers::flatbuffers flatbuffers/flatbuffers.h flatbuffers)
set(ATOLL_HEADERS_ONLY nlohmann_json::nlohmann_json Eigen3::Eigen flatbuffers::flatbuffers)

find_program(FLATC flatc)
find_file(ATOLL_CHART_JS chart.min.js PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist
          DOC "Chart.js 3, embedded in every report" REQUIRED)
if(ATOLL_TESTS)
  find_package(GTest REQUIRED)
endif()
if(ATOLL_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()
