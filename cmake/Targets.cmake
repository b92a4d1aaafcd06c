# One function per kind of target, so that every room of the house is built alike.

find_package(nlohmann_json 3.11 REQUIRED)

# libnl's static archives: a plugin carries them, so that its start loads nothing.
# libnl-3.a of Debian 12 needs no library but libc.
foreach(lib nl-3 nl-route-3)
  find_library(CATENA_${lib}_ARCHIVE NAMES lib${lib}.a REQUIRED)
endforeach()
find_path(CATENA_LIBNL_INCLUDE NAMES netlink/netlink.h PATH_SUFFIXES libnl3 REQUIRED)
add_library(catena_libnl INTERFACE)
target_include_directories(catena_libnl SYSTEM INTERFACE ${CATENA_LIBNL_INCLUDE})
target_link_libraries(catena_libnl INTERFACE ${CATENA_nl-route-3_ARCHIVE} ${CATENA_nl-3_ARCHIVE})

# Release plugins are optimised across rooms: a third smaller, so quicker to load. The rooms' objects
# hold ordinary code too, which is what tests link. Not by -Os: a tenth to a sixth smaller again, and the start
# of a plugin up to 4 % slower.
function(catena_prepare_for_lto target)
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT CATENA_SANITIZE)
    target_compile_options(${target} PRIVATE -flto=auto -ffat-lto-objects)
  endif()
endfunction()

# catena_library(<room> SOURCES a.cc ... DEPS <room>|<target> ... [NO_PLUGIN]): target catena_<room>.
# NO_PLUGIN: no plugin carries it, so it is not made ready for what plugins need.
function(catena_library room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_PLUGIN" "" "SOURCES;DEPS")
  add_library(catena_${room} STATIC ${arg_SOURCES})
  target_include_directories(catena_${room} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(catena_${room} PUBLIC ${arg_DEPS})
  if(NOT arg_NO_PLUGIN)
    catena_prepare_for_lto(catena_${room})
  endif()
endfunction()

# What a node is given: all plugins, no tests.
add_custom_target(plugins)

# The start of libc.a without the slow half of it (quick_start.py): empty where this libc is not known,
# or with -DCATENA_QUICK_START=OFF.
option(CATENA_QUICK_START "static plugins start without asking the CPU for its caches" ON)
set(catena_quick_start)
if(CATENA_QUICK_START AND NOT CATENA_SANITIZE)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libc.a
                  OUTPUT_VARIABLE catena_libc OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(catena_start ${CMAKE_BINARY_DIR}/quick_start.o)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/cmake/quick_start.py ${catena_libc} ${catena_start}
                  RESULT_VARIABLE catena_status)
  if(catena_status EQUAL 0)
    set(catena_quick_start ${catena_start})
  endif()
endif()

# catena_plugin(<name> SOURCES a.cc ... DEPS ...): binary bin/catena-<name>, which loads nothing: libc is
# linked in too, which saves half of the start (0.25 ms, and what quick_start.py saves). So a plugin asks
# libc for no names of hosts, users or services: for these libc loads libraries.
function(catena_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  add_executable(catena-${name} ${arg_SOURCES})
  add_dependencies(plugins catena-${name})
  target_link_libraries(catena-${name} PRIVATE ${arg_DEPS})
  target_compile_definitions(catena-${name} PRIVATE CATENA_VERSION="${PROJECT_VERSION}")
  if(NOT CATENA_SANITIZE)
    # CMake's own -pie or -no-pie would undo it. The linker warns of look-ups of names in libnl, which nobody
    # calls.
    set_property(TARGET catena-${name} PROPERTY POSITION_INDEPENDENT_CODE)
    target_compile_options(catena-${name} PRIVATE -fPIE)
    target_link_options(catena-${name} PRIVATE -static-pie -Wl,--no-warnings -Wl,-z,pack-relative-relocs)
    target_link_libraries(catena-${name} PRIVATE ${catena_quick_start})
  endif()
  catena_prepare_for_lto(catena-${name})
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_link_options(catena-${name} PRIVATE -s -flto=auto)
  endif()
endfunction()

# catena_test(<name> LABEL unit|kernel|... SOURCES a_test.cc ... DEPS ... [TIMEOUT s] [ARGS ...] [SERIAL]):
# one gtest binary, one ctest case.
function(catena_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "LABEL;TIMEOUT" "SOURCES;DEPS;ARGS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  # What is tested is optimised as it ships; the test itself need not be, and compiles sooner.
  target_compile_options(${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  # A skipped gtest case still passes the binary; scripts/test reports every skip it prints. What may take
  # longest begins first (COST), so that nothing long is left over at the end.
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} COST ${arg_TIMEOUT})
  if(arg_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()
