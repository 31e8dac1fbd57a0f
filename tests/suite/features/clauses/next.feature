Feature: NEXT - queries in sequence

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (laptop:Product {name: 'Laptop', price: 1000}), (chocolate:Product {name: 'Chocolate', price: 5}),
        (coffee:Product {name: 'Coffee', price: 10}),
        (amir:Customer {name: 'Amir', discount: 0.1}), (mateo:Customer {name: 'Mateo', discount: 0.05}),
        (hannah:Customer {name: 'Hannah', discount: 0.15}),
        (amir)-[:BUYS]->(laptop), (amir)-[:BUYS]->(chocolate), (mateo)-[:BUYS]->(chocolate), (mateo)-[:BUYS]->(coffee),
        (mateo)-[:BUYS]->(laptop), (hannah)-[:BUYS]->(coffee)
      """

  @source:cypher/queries/composed-queries/sequential-queries#passing-values
  Scenario: [1] One variable goes on
    When executing query:
      """
      MATCH (c:Customer)
      RETURN c AS customer

      NEXT

      MATCH (customer)-[:BUYS]->(:Product {name: 'Chocolate'})
      RETURN customer.name AS chocolateCustomer
      """
    Then the result should be, in any order:
      | chocolateCustomer |
      | 'Amir'            |
      | 'Mateo'           |
    And no side effects

  @source:cypher/queries/composed-queries/sequential-queries#passing-values
  Scenario: [2] Several variables go on
    When executing query:
      """
      MATCH (c:Customer)-[:BUYS]->(p:Product {name: 'Chocolate'})
      RETURN c AS customer, p AS product
      NEXT
      RETURN customer.name AS chocolateCustomer, product.price * (1 - customer.discount) AS chocolatePrice
      """
    Then the result should be, in any order:
      | chocolateCustomer | chocolatePrice |
      | 'Amir'            | 4.5            |
      | 'Mateo'           | 4.75           |
    And no side effects

  @source:cypher/queries/composed-queries/sequential-queries#aggregation-after-next
  Scenario: [3] The table goes on as a whole
    When executing query:
      """
      MATCH (c:Customer)-[:BUYS]->(p:Product) RETURN c AS customer, p AS product
      NEXT
      RETURN product.name AS product, COUNT(customer) AS numberOfCustomers
      NEXT
      RETURN collect(product) AS all, numberOfCustomers AS n ORDER BY n, all
      """
    Then the result should be (ignoring element order for lists):
      | all                               | n |
      | ['Laptop', 'Chocolate', 'Coffee'] | 2 |
    And no side effects

  @source:cypher/queries/composed-queries/sequential-queries#union-before-next
  Scenario: [4] UNION before NEXT
    When executing query:
      """
      MATCH (c:Customer)-[:BUYS]->(:Product {name: 'Laptop'}) RETURN c.name AS customer
      UNION ALL
      MATCH (c:Customer)-[:BUYS]->(:Product {name: 'Coffee'}) RETURN c.name AS customer
      NEXT
      RETURN customer AS customer, count(customer) AS numberOfProducts
      """
    Then the result should be, in any order:
      | customer | numberOfProducts |
      | 'Amir'   | 1                |
      | 'Mateo'  | 2                |
      | 'Hannah' | 1                |
    And no side effects

  @source:cypher/queries/composed-queries/sequential-queries#next-inside-union
  Scenario: [5] NEXT inside UNION, in braces
    When executing query:
      """
      {
        MATCH (c:Customer)-[:BUYS]->(:Product {name: 'Chocolate'}) RETURN c AS customer
        NEXT
        RETURN customer.name AS name
      }
      UNION ALL
      {
        MATCH (c:Customer)-[:BUYS]->(:Product {name: 'Coffee'}) RETURN c AS customer
        NEXT
        RETURN customer.name AS name
      }
      """
    Then the result should be, in any order:
      | name     |
      | 'Amir'   |
      | 'Mateo'  |
      | 'Mateo'  |
      | 'Hannah' |
    And no side effects

  @source:cypher/queries/composed-queries/sequential-queries#next-and-call
  Scenario: [6] NEXT inside CALL
    When executing query:
      """
      MATCH (c:Customer)
      CALL (c) {
        MATCH (c)-[:BUYS]->(p) RETURN p
        NEXT
        RETURN sum(p.price) AS total, count(*) AS n
      }
      RETURN c.name AS name, total, n
      """
    Then the result should be, in any order:
      | name     | total | n |
      | 'Amir'   | 1005  | 2 |
      | 'Mateo'  | 1015  | 3 |
      | 'Hannah' | 10    | 1 |
    And no side effects

  @source:cypher/queries/composed-queries/sequential-queries#conditional-queries-inside-next
  Scenario: [7] A conditional query behind NEXT takes row by row
    When executing query:
      """
      MATCH (c:Customer)-[:BUYS]->(p:Product)
      RETURN c.name AS customer, sum(p.price) AS sum
      NEXT
      WHEN sum >= 1010 THEN RETURN customer, 'a lot' AS what
      WHEN sum >= 1000 THEN RETURN customer, 'much' AS what
      ELSE RETURN customer, 'little' AS what
      NEXT
      RETURN customer, what ORDER BY customer
      """
    Then the result should be, in order:
      | customer | what     |
      | 'Amir'   | 'much'   |
      | 'Hannah' | 'little' |
      | 'Mateo'  | 'a lot'  |
    And no side effects

  @source:cypher/queries/composed-queries/sequential-queries#next-inside-conditional-queries
  Scenario: [8] NEXT inside a conditional query, in braces
    When executing query:
      """
      MATCH (c:Customer)-[:BUYS]->(p:Product)
      RETURN c AS customer, sum(p.price) AS sum
      NEXT
      WHEN sum >= 1000 THEN {
        RETURN customer.name AS customer, 'club 1000 plus' AS customerType, sum AS sum
      }
      ELSE {
        RETURN customer AS customer, sum * (1 - customer.discount) AS finalSum
        NEXT
        RETURN customer.name AS customer, 'club below 1000' AS customerType, finalSum AS sum
      }
      """
    Then the result should be, in any order:
      | customer | customerType      | sum  |
      | 'Amir'   | 'club 1000 plus'  | 1005 |
      | 'Mateo'  | 'club 1000 plus'  | 1015 |
      | 'Hannah' | 'club below 1000' | 8.5  |
    And no side effects

  @source:cypher/queries/composed-queries/sequential-queries#passing-values
  Scenario: [9] What is not returned ends
    When executing query:
      """
      MATCH (c:Customer) RETURN c.name AS name NEXT RETURN c
      """
    Then a SyntaxError should be raised at compile time: UndefinedVariable

  @source:cypher/queries/composed-queries/sequential-queries#passing-values
  Scenario: [10] A column without a name does not go on
    When executing query:
      """
      RETURN 1 + 1 NEXT RETURN 2 AS x
      """
    Then a SyntaxError should be raised at compile time: NoExpressionAlias

  @source:cypher/queries/composed-queries/sequential-queries
  Scenario: [11] What does not return has nothing to go on with
    When executing query:
      """
      CREATE (:A) NEXT MATCH (a:A) RETURN a
      """
    Then a SyntaxError should be raised at compile time: InvalidClauseComposition

  # The manual has it; here it is refused with a way around.
  @source:kgql/next
  Scenario: [12] UNION behind NEXT
    When executing query:
      """
      RETURN 1 AS x NEXT RETURN x UNION RETURN x + 1 AS x
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  @source:definition
  Scenario: [13] The way around
    When executing query:
      """
      UNWIND [1, 2] AS x RETURN collect(x) AS all
      NEXT
      CALL (all) { UNWIND all AS x RETURN x UNION UNWIND all AS x RETURN x + 1 AS x }
      RETURN x ORDER BY x
      """
    Then the result should be, in order:
      | x |
      | 1 |
      | 2 |
      | 3 |
    And no side effects
