# Warnings, hardening and sanitizers, for every target of the project.
set(CATENA_SANITIZE "" CACHE STRING "Sanitizers of -fsanitize=, for example address,undefined")

# Compiled once per machine, whatever the clone is called: nothing compiled names its folder, debug
# information included.
find_program(CATENA_CCACHE ccache)
if(CATENA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CATENA_CCACHE})
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
endif()

# Our own promises (assert) are checked in every build type.
string(REPLACE "-O3 -DNDEBUG" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

# Designated initialisers leave out members on purpose; those have defaults.
add_compile_options(
  -Wall -Wextra -Werror -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wformat=2
  -Wno-missing-field-initializers
  -fstack-protector-strong -ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections -Wl,-z,relro,-z,now)

if(CATENA_SANITIZE)
  add_compile_options(-fsanitize=${CATENA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CATENA_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2)
endif()

include(CheckPIESupported)
check_pie_supported()
