// Hears of files that come and go in a directory which may come and go itself.
#pragma once

#include <memory>
#include <string>

#include "agent/daemon/loop.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::devices {

class FolderWatch {
 public:
  // `changed` is called from the loop, once for many changes. `loop` must outlive it.
  static base::Result<std::unique_ptr<FolderWatch>> open(std::string path, agent::Loop& loop,
                                                         agent::Loop::Action changed);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  FolderWatch(FolderWatch&&) = delete;
  FolderWatch& operator=(FolderWatch&&) = delete;
  ~FolderWatch() { loop_.forget(fd_.get()); }

  // Looks for the directory again; kNotFound while it is not there.
  base::Status renew();

 private:
  FolderWatch(base::UniqueFd fd, std::string path, agent::Loop& loop, agent::Loop::Action changed)
      : fd_(std::move(fd)), path_(std::move(path)), loop_(loop), changed_(std::move(changed)) {}
  void read();

  base::UniqueFd fd_;
  std::string path_;
  agent::Loop& loop_;
  agent::Loop::Action changed_;
};

}  // namespace catena::devices
