// One line to syslogd.
#pragma once

#include <string>

namespace catena::base {

// As syslog(3) does for facility daemon, but without the time, which every syslogd adds: for that
// one the node's time zone is read. A line that nobody takes is lost. `socket` is where syslogd
// listens, for streams only if it is /dev/log; `priority` one of LOG_ERR ...
void send_to_syslog(const std::string& socket, int priority, const std::string& program,
                    const std::string& line);

}  // namespace catena::base
