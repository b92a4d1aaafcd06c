// Hears of changes of files in a directory, whoever makes them, without reading them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/daemon/loop.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::agent {

struct WatchedFolder {
  enum class Changes : std::uint8_t {
    kNames,    // files that come and go
    kContents  // files that are written or replaced
  };
  std::string path;
  Changes changes;
  std::string file{};  // empty: any
};

class FolderWatch {
 public:
  // Makes the directory and hears of it from now on, of a new one where somebody takes it away.
  // `changed` is called from the loop, once for many changes. `loop` must outlive it.
  static base::Result<std::unique_ptr<FolderWatch>> open(WatchedFolder folder, Loop& loop,
                                                         Loop::Action changed);
  // Of somebody else's directory, which may come and go: hears of it from renew() on.
  static base::Result<std::unique_ptr<FolderWatch>> open_later(WatchedFolder folder, Loop& loop,
                                                               Loop::Action changed);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;
  FolderWatch(FolderWatch&&) = delete;
  FolderWatch& operator=(FolderWatch&&) = delete;
  ~FolderWatch() { loop_.forget(fd_.get()); }

  // Looks for the directory again; kNotFound while it is not there.
  base::Status renew();

 private:
  FolderWatch(base::UniqueFd fd, WatchedFolder folder, Loop& loop, Loop::Action changed)
      : fd_(std::move(fd)), folder_(std::move(folder)), loop_(loop), changed_(std::move(changed)) {}
  void read();
  void make_anew();

  base::UniqueFd fd_;
  WatchedFolder folder_;
  Loop& loop_;
  Loop::Action changed_;
  bool is_ours_ = false;
};

}  // namespace catena::agent
