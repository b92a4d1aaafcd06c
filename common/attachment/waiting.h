// The pods of this node that wait for the same thing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "common/cni/types.h"

namespace catena::attachment {

// One waiter: a file in `directory`, locked as long as its process lives, removed with this object.
// The directory is made where it is missing.
class Waiting {
 public:
  static base::Result<Waiting> join(const std::string& directory, const cni::Attachment& attachment,
                                    const std::vector<base::Family>& families);
  Waiting(Waiting&& other) noexcept;
  Waiting& operator=(Waiting&&) = delete;
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting();

 private:
  Waiting(std::string path, base::UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  base::UniqueFd fd_;
};

struct Demand {
  std::size_t pods = 0;
  bool ipv4 = false;
  bool ipv6 = false;
};
// {"demand":3,"ipv4":true,"ipv6":false}
std::string demand_as_json(const Demand& demand);

// Of those that live; removes the files of those that don't.
base::Result<Demand> demand_of_waiters(const std::string& directory);

}  // namespace catena::attachment
