// A conflist in a file of its own.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/conflist.h"
#include "common/base/file.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

inline cli::Conflist written(const TempDir& dir, const nlohmann::json& json) {
  const std::string path = dir.path() + "/10-test.conflist";
  EXPECT_TRUE(base::replace_file(path, json.dump()).ok());
  auto conflist = cli::read_conflist(path);
  EXPECT_TRUE(conflist.ok());
  return std::move(conflist).value();
}

inline nlohmann::json chain_of(const std::vector<nlohmann::json>& plugins) {
  return {{"cniVersion", "1.0.0"}, {"name", "catena"}, {"plugins", plugins}};
}

}  // namespace catena::test
