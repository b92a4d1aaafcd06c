// Hears of changes of files in the state directory, whoever makes them, without reading them.
#pragma once

#include <memory>
#include <string>

#include "agent/daemon/loop.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::agent {

class StoreWatch {
 public:
  // Of `file`, or of any file where that is empty. Makes the directory. `changed` is called from
  // the loop, once for many changes. `loop` must outlive it.
  static base::Result<std::unique_ptr<StoreWatch>> open(const std::string& directory,
                                                        std::string file, Loop& loop,
                                                        Loop::Action changed);
  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;
  StoreWatch(StoreWatch&&) = delete;
  StoreWatch& operator=(StoreWatch&&) = delete;
  ~StoreWatch() { loop_.forget(fd_.get()); }

 private:
  StoreWatch(base::UniqueFd fd, std::string file, Loop& loop, Loop::Action changed)
      : fd_(std::move(fd)), file_(std::move(file)), loop_(loop), changed_(std::move(changed)) {}
  void read();

  base::UniqueFd fd_;
  std::string file_;
  Loop& loop_;
  Loop::Action changed_;
};

}  // namespace catena::agent
