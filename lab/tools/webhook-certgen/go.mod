module maintenance-pages/local/tools/webhook-certgen

go 1.26.0
