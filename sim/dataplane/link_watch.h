// Tells when a link of a namespace is gone.
#pragma once

#include <vector>

#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "common/netlink/netns.h"

namespace catena::sim {

class LinkWatch {
 public:
  // Of what goes after this.
  static base::Result<LinkWatch> start(const netlink::NetNs& netns);

  // Readable when there is news.
  int fd() const { return fd_.get(); }

  struct News {
    std::vector<int> gone;  // indices of links
    bool missed = false;    // the kernel dropped news: look at all links
  };
  // Everything that has come in; does not wait.
  News read();

 private:
  explicit LinkWatch(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace catena::sim
