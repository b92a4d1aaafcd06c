// What an admin types: catena-sim run, catena-sim ctl.
#pragma once

namespace catena::sim {

inline constexpr const char* kDefaultStateDir = "/run/catena-sim";

// argv without the program's name, the command's word first. Exit statuses.
int run_command(int argc, char** argv);
int ctl_command(int argc, char** argv);

}  // namespace catena::sim
