// Objects for the test API server from files.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/kube/config.h"
#include "tests/support/kube/object_store.h"

namespace catena::test {

// Every *.json file of `directory`, by name: an object, or a list of objects under "items". Returns
// how many objects there were. Files that are not understood are errors, and so are unknown kinds.
base::Result<int> load_objects(const std::string& directory, ObjectStore& objects);

// A kubeconfig that reaches a server as `config` does.
std::string kubeconfig_of(const kube::Config& config);

}  // namespace catena::test
