#pragma once

#include <string>

// Where this build lies; compiled into one file, so that all others are alike in every clone.
namespace catena::test {

std::string bin_dir();     // The built binaries.
std::string source_dir();  // The top of the project.

}  // namespace catena::test
