#include "tests/support/paths.h"

namespace catena::test {

std::string bin_dir() { return CATENA_BIN_DIR; }

std::string source_dir() { return CATENA_SOURCE_DIR; }

}  // namespace catena::test
