print("swiftlet-run")
