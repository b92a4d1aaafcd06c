// What the standard library has since Go 1.20 and cnitool uses: for Debian 12's Go 1.19.
package errors

type joined []error

// Join returns an error that stands for all of errs that are not nil; nil when all are.
func Join(errs ...error) error {
	var all joined
	for _, err := range errs {
		if err != nil {
			all = append(all, err)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (all joined) Error() string {
	text := ""
	for i, err := range all {
		if i > 0 {
			text += "\n"
		}
		text += err.Error()
	}
	return text
}

func (all joined) Is(target error) bool {
	for _, err := range all {
		if Is(err, target) {
			return true
		}
	}
	return false
}

func (all joined) As(target any) bool {
	for _, err := range all {
		if As(err, target) {
			return true
		}
	}
	return false
}
