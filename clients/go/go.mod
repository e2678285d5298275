module signed_get

go 1.19
