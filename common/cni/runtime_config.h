// The parts of the configuration that the runtime and the network's author fill in for a pod.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/fields.h"
#include "common/cni/config.h"

namespace catena::cni {

// Lets errors pass for the verbs that must not fail on a bad configuration, keeping their texts.
class Tolerance {
 public:
  Tolerance(bool tolerant, std::vector<std::string>* passed_over)
      : tolerant_(tolerant), passed_over_(passed_over) {}

  base::Status operator()(base::Status status) const {
    if (status.ok() || !tolerant_) {
      return status;
    }
    if (passed_over_ != nullptr) {
      passed_over_->push_back(status.error().message());
    }
    return {};
  }

 private:
  bool tolerant_;
  std::vector<std::string>* passed_over_;
};

// Keys "runtimeConfig" and "args" of the whole configuration.
base::Status read_runtime_config(base::Fields& config, const Tolerance& tolerate,
                                 RuntimeConfig& runtime);
base::Status read_cni_args(base::Fields& config, const Tolerance& tolerate, CniArgs& args);

}  // namespace catena::cni
