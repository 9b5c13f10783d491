package main

import (
	"errors"
	"fmt"
)

// keptConnection asks on one connection as long as the server keeps it, and opens another when the server ended it. The
// caller closes it.
type keptConnection struct {
	target  *target
	current *connection
	// asked says that the current connection has answered before.
	asked bool
	// reopened counts the connections after the first.
	reopened int
}

func openKept(target *target) (*keptConnection, error) {
	first, err := target.dial()
	if err != nil {
		return nil, err
	}
	return &keptConnection{target: target, current: first}, nil
}

func (k *keptConnection) close() {
	if k.current != nil {
		k.current.Close()
	}
}

// get sends a request of target.get and hands the body out. A status that is not among `statuses` fails.
func (k *keptConnection) get(request []byte, statuses []int, take func([]byte) error) (responseHead, error) {
	head, err := k.send(request)
	if err != nil {
		return head, err
	}
	if err := expectStatus(head.status, statuses); err != nil {
		return head, err
	}
	if err := k.current.responses.readBody(head, take); err != nil {
		return head, err
	}
	if head.closes || head.endsWithConnection() {
		k.current.Close()
		k.current = nil
	}
	return head, nil
}

func (k *keptConnection) send(request []byte) (responseHead, error) {
	if k.current == nil {
		if err := k.reopen(); err != nil {
			return responseHead{}, err
		}
	}
	head, err := k.sendOnce(request)
	// A server may end a kept connection at any time, and the request that crosses with the end is sent again.
	if errors.Is(err, errNoResponse) && k.asked {
		k.current.Close()
		if err := k.reopen(); err != nil {
			return responseHead{}, err
		}
		head, err = k.sendOnce(request)
	}
	k.asked = err == nil
	return head, err
}

func (k *keptConnection) sendOnce(request []byte) (responseHead, error) {
	if _, err := k.current.Write(request); err != nil {
		return responseHead{}, fmt.Errorf("%w: %w", errNoResponse, err)
	}
	return k.current.responses.readHead()
}

func (k *keptConnection) reopen() error {
	opened, err := k.target.dial()
	if err != nil {
		return err
	}
	k.current, k.asked = opened, false
	k.reopened++
	return nil
}

func expectStatus(status int, expected []int) error {
	for _, one := range expected {
		if status == one {
			return nil
		}
	}
	return fmt.Errorf("unexpected status %d, expected %v", status, expected)
}
