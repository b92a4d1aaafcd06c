// The fixture of the credential chain's tests.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/cloud/credential_chain.h"
#include "tests/unit/cloud/scripted.h"
#include "tests/unit/cloud/secret_files.h"

namespace catena::cloud {

// A kind whose readings the test writes; the last one is repeated.
struct ScriptedKind {
  std::vector<base::Result<Reading>> readings;
  int reads = 0;

  CredentialKind kind(std::string name, std::chrono::seconds early = std::chrono::minutes(30),
                      bool rotates = false) {
    CredentialKind made;
    made.name = std::move(name);
    made.early = early;
    made.rotates = rotates;
    made.read = [this] {
      ++reads;
      base::Result<Reading> reading = readings.front();
      if (readings.size() > 1) {
        readings.erase(readings.begin());
      }
      return reading;
    };
    return made;
  }
};

class CredentialChainTest : public testing::Test {
 protected:
  base::Result<Reading> set(int n, std::chrono::seconds life) {
    return Reading::found(test::sts_set(n, pace_.wall() + life));
  }
  static base::Result<Reading> absent(const std::string& why) { return Reading::absent(why); }
  static base::Result<Reading> broken(const std::string& why) {
    return base::Error(base::ErrorKind::kUndecodable, why);
  }
  static std::string id_of(CredentialChain& chain) {
    const auto credentials = chain.get();
    return credentials.ok() ? credentials->key_id : "error: " + credentials.error().text();
  }

  test::ScriptedPace pace_;
  ScriptedKind first_;
  ScriptedKind second_;
};

}  // namespace catena::cloud
