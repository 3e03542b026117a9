// Of hiredis the reader of replies alone: sockets are the loop's.
#include <hiredis/hiredis.h>
